/** A whole answer of the node's API. */
export interface NodeAnswer {
  readonly status: number
  readonly type: string
  readonly body: string
}

export const answerText = (status: number, body: string): NodeAnswer => ({ status, type: 'text/plain; charset=utf-8', body })
