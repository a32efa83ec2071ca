/** The part of the page's script that draws. What the cluster says becomes text and nothing else: no markup is ever made of it. */
export const VIEW_SCRIPT = String.raw`
const at = (id) => document.getElementById(id)

/** An element with children; strings become text. */
function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties)
  element.append(...children.map((child) => (typeof child === 'object' ? child : String(child))))
  return element
}

const SIGNS = { good: '✓ ', wait: '… ', bad: '✗ ' }
const stateCell = ({ words, mood }) => make('td', { className: mood }, make('span', { ariaHidden: 'true' }, SIGNS[mood]), words)

/** A cell is text, a state with a mood, or an element; the first of a row names it. */
function cellOf(content, place) {
  if (place === 0) return make('th', { scope: 'row' }, content)
  return typeof content === 'object' && 'mood' in content ? stateCell(content) : make('td', {}, content)
}

function tableOf(caption, heads, rows) {
  const head = make('thead', {}, make('tr', {}, ...heads.map((words) => make('th', { scope: 'col' }, words))))
  const body = make('tbody', {}, ...rows.map((cells) => make('tr', {}, ...cells.map(cellOf))))
  return make('div', { className: 'scroll' }, make('table', {}, make('caption', {}, caption), head, body))
}

/** Draws anew; the button that had the keyboard keeps it. */
function draw(id, ...children) {
  const focused = document.activeElement?.dataset?.key
  at(id).replaceChildren(...children)
  if (focused && document.activeElement === document.body) [...document.querySelectorAll('button')].find((button) => button.dataset.key === focused)?.focus()
}

const sorted = (items) => [...items].sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))

function podButton(pod) {
  const button = make('button', { type: 'button' }, pod.metadata.name)
  button.dataset.key = 'pod ' + keyOf(pod)
  button.addEventListener('click', () => showPod(pod))
  return button
}

const podRow = (pod) => [podButton(pod), pod.metadata.namespace, podState(pod), podReady(pod), restarts(pod)]

function drawAll() {
  const nodes = sorted(collections.nodes.state.items.values())
  const pods = sorted(collections.pods.state.items.values())
  const podsOn = (name) => pods.filter((pod) => (pod.spec.nodeName || '') === name)
  const counted = (number, noun) => number + ' ' + noun + (number === 1 ? '' : 's')
  draw('nodes', tableOf(counted(nodes.length, 'node') + '; CPU and memory are what pods asked for, of what the node can give', ['Node', 'State', 'Address', 'Pods', 'CPU (cores)', 'Memory'],
    nodes.map((node) => { const name = node.metadata.name; const own = podsOn(name); return [name, nodeState(node), addressOf(node), own.filter((pod) => !isOver(pod)).length, nodeUse(node, own, 'cpu'), nodeUse(node, own, 'memory')] })))
  draw('deployments', tableOf(counted(collections.deployments.state.items.size, 'deployment'), ['Deployment', 'Namespace', 'State', 'Ready', 'Updated', 'Available'],
    sorted(collections.deployments.state.items.values()).map((one) => [one.metadata.name, one.metadata.namespace, deploymentState(one), (one.status?.readyReplicas || 0) + ' of ' + (one.spec.replicas ?? 1), one.status?.updatedReplicas || 0, one.status?.availableReplicas || 0])))
  const places = [...new Set([...nodes.map(({ metadata }) => metadata.name), ...pods.map(({ spec }) => spec.nodeName || '')])].sort()
  draw('pods', ...places.flatMap((place) => [make('h3', {}, place === '' ? 'On no node' : place), tableOf(counted(podsOn(place).length, 'pod'), ['Pod', 'Namespace', 'State', 'Ready', 'Restarts'], podsOn(place).map(podRow))]))
}

/** Many changes come together: they are drawn together. */
let isDrawing = false
function drawSoon() {
  if (isDrawing) return
  isDrawing = true
  setTimeout(() => { isDrawing = false; drawAll(); refreshDetails() }, 100)
}
`
