/** What the sessions of agents have to do with memberships. */
export interface Admissions {
  /**
   * The node is registered, and nothing is left on it of pods that were given to others. Resolves when it may run pods.
   * @param fencedAtMs of the verdict that was known when the agent was told what to keep; one that came since is not answered by its word
   * One that was given up for its lapses must be steady first: then this takes as long.
   * @throws Fault('conflict') when there is another verdict, or the session ends before it has been steady for long enough
   */
  admit(nodeName: string, bootId: string, fencedAtMs?: number): Promise<void>
  /**
   * Resolves when what was granted to the node under another boot id is over, or the node given up. Before that an agent of this boot has no say about its pods: a machine that has
   * booted holds none of them, but another machine under its name would speak for what runs on the first.
   * @throws Fault('permission') when the agent of that other boot lives; and when the signal aborts
   */
  whenGrantsAreOver(nodeName: string, bootId: string, signal: AbortSignal): Promise<void>
  /** `bootId`: of the agent that opens it. */
  setSession(nodeName: string, isOpen: boolean, bootId?: string): void
  /** Another agent under this name was refused, for this reason. */
  doubled(nodeName: string, message: string): void
}
