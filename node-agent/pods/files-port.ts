import type { HostDevice } from '../host/device.ts'
import type { PodNamespaces } from '../host/pod-namespaces.ts'
import type { UserDatabase } from '../runtime/oci-user.ts'

/** The files of pods on this host, as far as the workers write and read them themselves. */
export interface PodFiles {
  /** Replaces a file in one step; folders are made. */
  write(path: string, text: string, mode?: number): Promise<void>
  /** Adds to the end of a file that is there; a killed agent may leave a part of it. Throws Fault or errno ENOENT where there is no such file. */
  append(path: string, text: string): Promise<void>
  /** Text of a file; undefined where there is none. */
  read(path: string): Promise<string | undefined>
  /** Text of a file in a volume, however the pod has filled it: never one outside of it, never anything but a regular file. Undefined where there is none. Throws Fault('invalid'). */
  readInside(volume: string, path: string): Promise<string | undefined>
  /** The last bytes of a file, as text; undefined where there is none. */
  readTail(path: string, bytes: number): Promise<string | undefined>
  remove(path: string): Promise<void>
  /** Names in a folder; none where it is missing. */
  names(folder: string): Promise<readonly string[]>
  /** Shows a part of a volume at `target`, made as a folder where it is missing. Throws Fault('invalid') when it would lead out of the volume. */
  subPath(part: { readonly volume: string; readonly subPath: string; readonly target: string; /** It is not made: Throws Fault('not-found') instead. */ readonly mustExist?: boolean }): Promise<string>
  /** What a root file system says of its users. */
  users(rootfs: string): Promise<UserDatabase>
  /** The devices of this host. */
  devices(): Promise<readonly HostDevice[]>
  /** The number of a signal by its name (`SIGTERM`, `TERM`, `15`, `SIGRTMIN+3`); undefined if there is none. */
  signalNumber(name: string): number | undefined
  /** A tmpfs for the `/dev/shm` that containers of a pod share. Idempotent; gone with the pod's volumes. */
  mountShm(path: string): Promise<void>
  /** The namespaces that containers of a pod share, held below `folder`; they belong to its own users, if it has some (`usersPath`). Idempotent; gone with the pod's volumes. */
  pinNamespaces(folder: string, usersPath?: string): Promise<PodNamespaces>
  /** Why no container of this host can run under a profile of AppArmor; undefined: it can. Asked only where the host has AppArmor. */
  whyNotUnder(profile: string): Promise<string | undefined>
  /** Whether the policy of SELinux that this host has at work knows a label. */
  knowsLabel(label: string): Promise<boolean>
}
