import { chmod } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { exists } from '../host/files.ts'
import { replaceFile } from '../host/replace-file.ts'

const UNIFIED = '/sys/fs/cgroup/unified'

/** All other mounts stay tied to the host's, for volumes that want that (`mountPropagation`); that this one goes must not reach the host. */
const HIDE = `mount --make-private ${dirname(UNIFIED)} && umount ${UNIFIED}`

/** Whether this is a host with the version 1 controllers and a version 2 tree beside them, which crun 1.8 refuses. */
export const isHybridHost = (): Promise<boolean> => exists(join(UNIFIED, 'cgroup.procs'))

/**
 * The program to call as crun. On a hybrid host that is a script which takes the version 2 tree out of the runtime's own view first (three
 * more programs a call: an agent that lives in a mount namespace without that tree does not need it); else crun itself.
 */
export async function crunForThisHost(crun: string, folder: string): Promise<string> {
  if (!(await isHybridHost())) return crun
  const script = join(folder, 'crun-version-1')
  await replaceFile(script, `#!/bin/sh\nexec unshare -m --propagation unchanged sh -c '${HIDE}; exec ${crun} "$@"' crun "$@"\n`, 0o755)
  await chmod(script, 0o755)
  return script
}
