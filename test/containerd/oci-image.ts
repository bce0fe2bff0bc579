import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The image of the containers: busybox and nothing else. */
export const BUSYBOX_IMAGE = 'localhost/busybox:test';

/** The image of the pods' first container. */
export const PAUSE_IMAGE = 'localhost/pause:test';

const APPLETS = ['cat', 'echo', 'env', 'false', 'sh', 'sleep', 'touch', 'true'];

/**
 * Writes a tar of an OCI image layout with both images, for `ctr images import`, and gives its path.
 * They share one layer, made of the machine's static busybox.
 */
export function writeImages(directory: string): string {
  const rootfs = join(directory, 'rootfs');
  for (const name of ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp']) mkdirSync(join(rootfs, name), { recursive: true });
  copyFileSync('/bin/busybox', join(rootfs, 'bin/busybox'));
  for (const applet of APPLETS) symlinkSync('busybox', join(rootfs, 'bin', applet));
  const layout = join(directory, 'layout');
  const blobs = join(layout, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const tar = (...args: readonly string[]): void => {
    const { status, stderr } = spawnSync('tar', ['--owner=0', '--group=0', '--numeric-owner', ...args], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`tar ${args.join(' ')}: ${stderr}`);
  };
  const put = (content: Buffer): { digest: string; size: number } => {
    const hex = createHash('sha256').update(content).digest('hex');
    writeFileSync(join(blobs, hex), content);
    return { digest: `sha256:${hex}`, size: content.length };
  };
  const putJson = (value: object): { digest: string; size: number } => put(Buffer.from(JSON.stringify(value)));
  const layerFile = join(directory, 'layer.tar');
  tar('-cf', layerFile, '-C', rootfs, '.');
  const layer = put(readFileSync(layerFile));
  const manifest = (name: string, command: readonly string[]): object => {
    const config = putJson({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: { Env: ['PATH=/bin'], Cmd: command },
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
    });
    const { digest, size } = putJson({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer }],
    });
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    return { mediaType, digest, size, annotations: { 'io.containerd.image.name': name } };
  };
  const manifests = [
    manifest(PAUSE_IMAGE, ['/bin/sleep', '1000000']),
    manifest(BUSYBOX_IMAGE, ['/bin/sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done']),
  ];
  writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  writeFileSync(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  const images = join(directory, 'images.tar');
  tar('-cf', images, '-C', layout, '.');
  return images;
}
