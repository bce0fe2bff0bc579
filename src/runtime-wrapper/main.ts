#!/usr/bin/env node
import { answerCall } from './answer-call.ts';
import { passThrough } from './pass-through.ts';

// The program under Node; in the single executable src/executable.ts does the same.
await answerCall(passThrough());
