/** `auth`: who one is to the server, and what one may do. */
import type { Command } from '../program/command.ts'
import { canI } from './can-i.ts'
import { whoami } from './whoami.ts'

export const auth: Command = { name: 'auth', summary: 'See who you are to the server, and what you may do', subcommands: [canI, whoami] }
