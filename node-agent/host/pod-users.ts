/** User namespaces of a pod, each pinned by a file. */
export interface PodUsers {
  /** What its containers live in: their ids from 0 on are ids of the node that nobody else has. */
  readonly usersPath: string
  /** Maps ids in the same way, and root of the node besides (to an id the pod does not have): the owners of files that overlayfs keeps, whose own work root does. Nobody lives in it. */
  readonly ownersPath: string
  /** The id of the node that is the pod's root. */
  readonly hostFirst: number
}
