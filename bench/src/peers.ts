import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PEERS = ['jco-1.10', '@extism/extism'];
const FOLDER = new URL('../peers/', import.meta.url);

/** Installs what `bench/peers/package.json` names, when it is not there. Peers that cannot be had are left out, and said to be. */
export function installPeers(): void {
  if (PEERS.every((name) => existsSync(new URL(`node_modules/${name}/package.json`, FOLDER)))) return;
  console.error('Installing the peers into bench/peers (8 MB) …');
  const args = ['install', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error'];
  const { status, error } = spawnSync('npm', args, { cwd: fileURLToPath(FOLDER), stdio: ['ignore', 2, 2] });
  if (status !== 0)
    console.error(`npm install failed (${error?.message ?? `status ${status}`}): going on without the peers.`);
}
