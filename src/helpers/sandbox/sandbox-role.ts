import type { OciState } from '../../core/oci/state.ts';

/** Annotations by which engines tell a pod's sandbox from its containers, and what they say of a container. */
const CONTAINER: Readonly<Record<string, string>> = {
  'io.kubernetes.cri.container-type': 'container',
  'io.kubernetes.cri-o.ContainerType': 'container',
  'io.katacontainers.pkg.oci.container_type': 'pod_container',
};

/** Tells whether a container is one of a pod whose sandbox is another: what is done once a pod is done for the sandbox. */
export function isPodContainer({ annotations }: Pick<OciState, 'annotations'>): boolean {
  return Object.entries(CONTAINER).some(([key, value]) => annotations[key] === value);
}
