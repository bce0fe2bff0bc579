import { describe, expect, it } from 'vitest';
import { isPodContainer } from '../../../../src/helpers/sandbox/sandbox-role.ts';

describe('isPodContainer', () => {
  it.each([
    [{ 'io.kubernetes.cri.container-type': 'container' }, true],
    [{ 'io.kubernetes.cri-o.ContainerType': 'container' }, true],
    [{ 'io.katacontainers.pkg.oci.container_type': 'pod_container' }, true],
    [{ 'io.kubernetes.cri.container-type': 'sandbox' }, false],
    [{ 'io.katacontainers.pkg.oci.container_type': 'single_container' }, false],
    [{}, false],
  ])('%j: %s', (annotations, expected) => {
    expect(isPodContainer({ annotations })).toBe(expected);
  });
});
