import type { Command } from '../program/command.ts'
export const demo: Command = { name: 'demo', summary: 'Start a lab with an example on it' }
