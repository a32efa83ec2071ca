/** The subresources that no generic behaviour covers. */
import type { SpecialHandlers } from '../dispatch.ts'
import { podBindingHandler } from './pod-binding.ts'
import { podEvictionHandler } from './pod-eviction.ts'
import { podLogHandler } from './pod-log.ts'
import { portForwardHandler, terminalHandler } from './pod-streams.ts'
import type { SubresourcePorts } from './ports.ts'
import { tokenHandler } from './service-account-token.ts'

export const specialHandlers = (ports: SubresourcePorts): SpecialHandlers => ({
  '/pods/binding': podBindingHandler,
  '/pods/eviction': podEvictionHandler,
  '/pods/log': podLogHandler(ports),
  '/pods/exec': terminalHandler('exec', ports),
  '/pods/attach': terminalHandler('attach', ports),
  '/pods/portforward': portForwardHandler(ports),
  '/serviceaccounts/token': tokenHandler(ports),
})
