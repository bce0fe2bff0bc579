import { join } from 'node:path';
import type { Requirement } from '../requirement.ts';
import { containerdOf, programsOf } from './suite.ts';

/** The kubectl of Debian trixie, which lies beside its containerd: bookworm's builds no kustomization of today. */
export const KUBECTL: string = join(programsOf('trixie'), 'kubectl');

/** Needs that kubectl. */
export const kubectl: Requirement = { name: 'kubectl', missing: containerdOf('trixie').missing };
