/** Kubernetes' classes of service, by their names in the API. */
export const QOS_CLASSES = ['Guaranteed', 'Burstable', 'BestEffort'] as const;

/** The class of service of a pod. */
export type QosClass = (typeof QOS_CLASSES)[number];

/** What a kubelet calls a pod and its containers. */
export interface PodCgroupOptions {
  readonly driver: 'cgroupfs' | 'systemd';
  readonly qos: QosClass;
  /** The pod's uid, as in the API. */
  readonly podUid: string;
  /** The container's id; undefined for the pod's own cgroup. */
  readonly containerId?: string | undefined;
  /** The prefix of the scope that the engine asks for. */
  readonly engine?: 'cri-containerd' | 'crio' | undefined;
}

/**
 * Gives the cgroupsPath that an engine is handed for a pod or writes for its container: `/kubepods/burstable/podUID/CID`
 * under cgroupfs, `kubepods-burstable-podUID.slice:cri-containerd:CID` under systemd, where `-` in the uid becomes `_`.
 * Guaranteed pods sit directly under kubepods. Source: kubelet pkg/kubelet/cm.
 */
export function podCgroupsPath({ driver, qos, podUid, containerId, engine }: PodCgroupOptions): string {
  const level = qos === 'Guaranteed' ? [] : [qos.toLowerCase()];
  if (driver === 'cgroupfs') {
    return `/${['kubepods', ...level, `pod${podUid}`, ...(containerId === undefined ? [] : [containerId])].join('/')}`;
  }
  const slice = `${['kubepods', ...level, `pod${podUid.replaceAll('-', '_')}`].join('-')}.slice`;
  return containerId === undefined ? slice : `${slice}:${engine ?? 'cri-containerd'}:${containerId}`;
}

/**
 * Gives the class of service that a cgroupsPath or a cgroup's path shows, in either driver's form and below any root of
 * the kubelet's; undefined for what is no pod of Kubernetes.
 */
export function qosOfPath(path: string): QosClass | undefined {
  const parts = path.split(/[/:]/);
  for (const [index, part] of parts.entries()) {
    if (part === 'kubepods') {
      const next = parts[index + 1] ?? '';
      return named(next) ?? (next.startsWith('pod') ? 'Guaranteed' : undefined);
    }
  }
  for (const part of parts.toReversed()) {
    const match = /(?:^|-)kubepods(?:-(burstable|besteffort))?-pod[^-]+\.slice$/.exec(part);
    if (match !== null) return match[1] === undefined ? 'Guaranteed' : named(match[1]);
  }
  return undefined;
}

function named(level: string): QosClass | undefined {
  if (level === 'burstable') return 'Burstable';
  return level === 'besteffort' ? 'BestEffort' : undefined;
}
