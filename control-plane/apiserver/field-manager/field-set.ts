/**
 * Sets of fields as `fieldsV1` writes them: a tree whose members are `{}`, or hold a `.` when something lies under them too.
 * The stored JSON is the working form, so that nothing is converted on a write. Sets are never changed once made.
 */
export interface FieldNode {
  readonly [element: string]: FieldNode
}

/** While it is being made. */
export interface MutableNode {
  [element: string]: MutableNode | FieldNode
}

/** The mark of a member that has something under it. */
export const SELF = '.'
export const LEAF: FieldNode = Object.freeze({})
export const EMPTY: FieldNode = LEAF

export function isEmptySet(set: FieldNode): boolean {
  for (const _ in set) return false
  return true
}

/** Whether the node itself belongs to the set: a leaf does. */
const isMember = (node: FieldNode): boolean => node[SELF] !== undefined || isEmptySet(node)

function built(member: boolean, children: MutableNode): FieldNode | undefined {
  if (isEmptySet(children as FieldNode)) return member ? LEAF : undefined
  if (member) children[SELF] = LEAF
  return children as FieldNode
}

/** What is in `a` and not, as the very same path, in `b`. */
export function difference(a: FieldNode, b: FieldNode): FieldNode {
  if (isEmptySet(a) || isEmptySet(b)) return a
  return nodeDifference(a, b, false) ?? EMPTY
}

function nodeDifference(a: FieldNode, b: FieldNode, member: boolean): FieldNode | undefined {
  const children: MutableNode = {}
  for (const element in a) {
    if (element === SELF) continue
    const [left, right] = [a[element] ?? LEAF, b[element]]
    const rest = right === undefined ? left : nodeDifference(left, right, isMember(left) && !isMember(right))
    if (rest !== undefined) children[element] = rest
  }
  return built(member, children)
}

export function union(a: FieldNode, b: FieldNode): FieldNode {
  if (isEmptySet(a)) return b
  if (isEmptySet(b)) return a
  return nodeUnion(a, b, false) ?? EMPTY
}

function nodeUnion(a: FieldNode, b: FieldNode, member: boolean): FieldNode | undefined {
  const children: MutableNode = {}
  for (const element in a) {
    if (element === SELF) continue
    const [left, right] = [a[element] ?? LEAF, b[element]]
    children[element] = right === undefined ? left : (nodeUnion(left, right, isMember(left) || isMember(right)) ?? LEAF)
  }
  for (const element in b) if (element !== SELF && children[element] === undefined) children[element] = b[element] ?? LEAF
  return built(member, children)
}

export const intersection = (a: FieldNode, b: FieldNode): FieldNode => nodeIntersection(a, b, false) ?? EMPTY

function nodeIntersection(a: FieldNode, b: FieldNode, member: boolean): FieldNode | undefined {
  const children: MutableNode = {}
  for (const element in a) {
    const [left, right] = [a[element], b[element]]
    if (element === SELF || left === undefined || right === undefined) continue
    const both = nodeIntersection(left, right, isMember(left) && isMember(right))
    if (both !== undefined) children[element] = both
  }
  return built(member, children)
}

/** The set without everything at and under the paths, each a list of field names. */
export function without(set: FieldNode, paths: ReadonlyArray<readonly string[]>): FieldNode {
  return paths.reduce((rest, path) => dropPath(rest, path, false) ?? EMPTY, set)
}

function dropPath(node: FieldNode, path: readonly string[], member: boolean): FieldNode | undefined {
  const [name, ...rest] = path
  const element = `f:${name}`
  const child = node[element]
  if (name === undefined || child === undefined) return node
  const { [element]: _dropped, [SELF]: _self, ...others } = node
  const left = rest.length === 0 ? undefined : dropPath(child, rest, isMember(child))
  return built(member, left === undefined ? { ...others } : { ...others, [element]: left })
}

/** What stands under an element, and whether the element itself is in the set. */
export const has = (set: FieldNode, element: string): boolean => {
  const node = set[element]
  return node !== undefined && isMember(node)
}

/** Every path of the set, members of a level before what lies deeper, as Kubernetes lists them. */
export function* pathsOf(set: FieldNode, prefix: readonly string[] = []): Generator<readonly string[]> {
  const elements = Object.keys(set)
    .filter((element) => element !== SELF)
    .toSorted((a, b) => (a < b ? -1 : 1))
  for (const element of elements) if (has(set, element)) yield [...prefix, element]
  for (const element of elements) yield* pathsOf(set[element] ?? EMPTY, [...prefix, element])
}
