import type { Command } from '../program/command.ts'
import { history } from './rollout-history.ts'
import { pause, restart, resume } from './rollout-change.ts'
import { status } from './rollout-status.ts'
import { undo } from './rollout-undo.ts'

export const rollout: Command = {
  name: 'rollout',
  summary: 'Follow, undo, pause and restart the rollouts of deployments',
  examples: '# Back to what was before\ngantry rollout undo deployment/web\n\n# Wait until it is done\ngantry rollout status deployment/web',
  subcommands: [history, pause, restart, resume, status, undo],
}
