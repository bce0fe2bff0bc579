import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import {
  ConfigureResponseSchema,
  ContainerSchema,
  CreateContainerRequestSchema,
  RegisterPluginRequestSchema,
} from '../../../src/generated/nri-messages.ts';
import { hooksAnswer } from '../../../src/nri/answer.ts';
import { decodeMessage, INNER_MESSAGE_LIMIT } from '../../../src/nri/bounded-message.ts';
import { CallError } from '../../../src/nri/call-status.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('the messages of NRI', () => {
  it('are the bytes that the Go encoder makes', () => {
    const register = create(RegisterPluginRequestSchema, { pluginName: 'hooks', pluginIdx: '10' });
    expect(hex(toBinary(RegisterPluginRequestSchema, register))).toBe('0a05686f6f6b7312023130');
    expect(hex(toBinary(ConfigureResponseSchema, create(ConfigureResponseSchema, { events: 8 })))).toBe('1008');
  });

  it('tell a timeout of 0 from none', () => {
    const answer = hooksAnswer([
      { stage: 'createRuntime', definition: 'a', hook: { path: '/bin/true', args: ['true'], timeout: 5 } },
      { stage: 'createRuntime', definition: 'b', hook: { path: '/b', timeout: 0 } },
      { stage: 'poststop', definition: 'c', hook: { path: '/c' } },
    ]);
    expect(answer.adjust?.hooks).toMatchObject({
      createRuntime: [{ args: ['true'], timeout: { value: 5n } }, { timeout: { value: 0n } }],
      poststop: [{ path: '/c' }],
    });
    expect(answer.adjust?.hooks?.poststop[0]?.timeout).toBeUndefined();
  });

  it('keep a lone surrogate as U+FFFD, as Go reads it from a definition', () => {
    const [hook] =
      hooksAnswer([{ stage: 'poststop', definition: 'a', hook: { path: '/\ud800' } }]).adjust?.hooks?.poststop ?? [];
    expect(hook?.path).toBe('/\ufffd');
  });

  it('keep annotations under any key', () => {
    const bytes = Buffer.from('320e0a095f5f70726f746f5f5f120178', 'hex');
    expect(decodeMessage(ContainerSchema, bytes).annotations).toMatchObject([{ key: '__proto__', value: 'x' }]);
  });

  it('are refused with too many others within, before those are made', () => {
    const mounts = Buffer.alloc((INNER_MESSAGE_LIMIT + 1) * 2).fill(Buffer.from('4a00', 'hex'));
    expect(() => decodeMessage(ContainerSchema, mounts)).toThrow(CallError);
    expect(decodeMessage(ContainerSchema, mounts.subarray(0, 200)).mounts).toHaveLength(100);
  });

  it('are refused when they end too early', () => {
    expect(() => decodeMessage(CreateContainerRequestSchema, Buffer.from('0a0512', 'hex'))).toThrow(CallError);
  });
});
