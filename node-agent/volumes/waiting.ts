/** As kubelet tells of volumes that it cannot even begin to mount, all in one sentence; nothing where there is none. Pure. */
export function notMounted(unmounted: readonly string[], unprocessed: ReadonlyMap<string, string>): readonly string[] {
  if (unprocessed.size === 0) return []
  // Lists as Go prints them.
  return [`Unable to attach or mount volumes: unmounted volumes=[${unmounted.join(' ')}], unattached volumes=[], failed to process volumes=[${[...unprocessed.keys()].join(' ')}]: ${[...unprocessed.values()].join('; ')}`]
}
