/** What seeds have found, made short by `npm run sim -- --seed N --shrink`. */
import { test } from 'vitest'
import { expectWell } from './testing.ts'

/** Seed 106: deployment default/cache wants 5 and says 5 ready, 4 available. What the node dated in the future did not count for hours. */
test('a deployment becomes available on a node whose clock is ahead', async () => {
  await expectWell({ seed: 106, nodes: 3, planes: 1, leaseMs: 6000, onlyPlanesAway: false, durationMs: 19909, deeds: [
    { atMs: 13728, kind: 'fault', what: 'clocks', chance: 26543 },
    { atMs: 19150, kind: 'act', what: 'createDeployment', chance: 877475 },
  ] })
})

/** Seed 29: pod default/only-1 is not ready. A late report of the pod that had its name before was taken for its own. */
test('a pod becomes ready again after its node was thought lost, though one before it had its name', async () => {
  await expectWell({ seed: 29, nodes: 4, planes: 1, leaseMs: 1200, onlyPlanesAway: false, durationMs: 18685, deeds: [
    { atMs: 1124, kind: 'act', what: 'createOnly', chance: 884440 },
    { atMs: 6741, kind: 'fault', what: 'oneWayMost', chance: 328752 },
    { atMs: 9271, kind: 'fault', what: 'oneWayMost', chance: 115800 },
    { atMs: 13685, kind: 'fault', what: 'planeStops', chance: 774816 },
  ] })
})

/** Seed 1923: two live containers of one name on n2 and n2b. While the first one's agent was restarted its clone took its place, and went on to pass for its reboot though the first was back. */
test('the clone of a machine whose agent is restarted does not pass for its reboot', async () => {
  await expectWell({ seed: 1923, nodes: 3, planes: 2, leaseMs: 6000, onlyPlanesAway: false, durationMs: 26131, deeds: [
    { atMs: 3227, kind: 'fault', what: 'doubled', chance: 20948 },
    { atMs: 8135, kind: 'fault', what: 'doubled', chance: 779661 },
    { atMs: 15122, kind: 'act', what: 'createDeployment', chance: 839313 },
  ] })
})

/** Seed 2521: pod default/cache-54d44cbf95-p4f8v went back from Succeeded to Failed. Its agent, not heard for a while, had forgotten it when an older word of its own came back to it, and took it for a pod that never ran. */
test('a pod that was deleted while its node was not heard is told as it ended', async () => {
  await expectWell({ seed: 2521, nodes: 2, planes: 2, leaseMs: 6000, onlyPlanesAway: false, durationMs: 27896, deeds: [
    { atMs: 3728, kind: 'fault', what: 'isolate', chance: 11338 },
    { atMs: 11737, kind: 'act', what: 'cordon', chance: 809732 },
    { atMs: 12954, kind: 'fault', what: 'cut', chance: 556439 },
    { atMs: 16437, kind: 'act', what: 'createDeployment', chance: 551205 },
    { atMs: 19809, kind: 'act', what: 'drain', chance: 644711 },
    { atMs: 22896, kind: 'fault', what: 'failingStorage', chance: 264666 },
  ] })
})
