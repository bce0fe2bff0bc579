import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { type Container, ContainerSchema } from '../../../src/generated/nri-messages.ts';
import { containerView } from '../../../src/nri/matching.ts';

const RULES = { podAnnotations: 'first', hasBindMounts: 'user' } as const;

describe('containerView', () => {
  const mounts = (destination: string, ...options: readonly string[]): Container =>
    create(ContainerSchema, { args: ['sh'], mounts: [{ destination, options: [...options] }] });

  it('counts the bind mounts of the user, and not those that the runtime makes', () => {
    expect(containerView(undefined, mounts('/data', 'rbind'), RULES).hasBindMounts).toBe(true);
    expect(containerView(undefined, mounts('/etc/hosts', 'rbind'), RULES).hasBindMounts).toBe(false);
    expect(containerView(undefined, mounts('/proc'), RULES).hasBindMounts).toBe(false);
    expect(
      containerView(undefined, mounts('/etc/hosts', 'bind'), { ...RULES, hasBindMounts: 'any' }).hasBindMounts,
    ).toBe(true);
  });

  it('keeps hooks that are there already as a config.json has them', () => {
    const hooks = { poststop: [{ path: '/a', args: ['a'], timeout: { value: 0n } }] };
    expect(containerView(undefined, create(ContainerSchema, { hooks }), RULES).hooks?.poststop).toEqual([
      { path: '/a', args: ['a'], env: [], timeout: 0n },
    ]);
  });

  it('takes the last of an annotation that is there twice', () => {
    const annotations = [
      { key: 'a', value: '1' },
      { key: 'a', value: '2' },
    ];
    expect(containerView(undefined, create(ContainerSchema, { annotations }), RULES).annotations).toEqual({ a: '2' });
  });
});
