import type { Command } from '../program/command.ts'
export const why: Command = { name: 'why', summary: 'Explain' }
