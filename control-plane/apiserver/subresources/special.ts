/** The subresources that no generic behaviour covers. */
import type { SpecialHandlers } from '../dispatch.ts'
import { podBindingHandler } from './pod-binding.ts'
import { podEvictionHandler } from './pod-eviction.ts'
import { nodeProxyHandler } from './node-proxy.ts'
import { podLogHandler } from './pod-log.ts'
import { podProxyHandler } from './pod-proxy.ts'
import { portForwardHandler, terminalHandler } from './pod-streams.ts'
import type { SubresourcePorts } from './ports.ts'
import { serviceProxyHandler } from './service-proxy.ts'
import { tokenHandler } from './service-account-token.ts'

export const specialHandlers = (ports: SubresourcePorts): SpecialHandlers => ({
  '/pods/binding': podBindingHandler,
  '/pods/eviction': podEvictionHandler,
  '/pods/log': podLogHandler(ports),
  '/pods/exec': terminalHandler('exec', ports),
  '/pods/attach': terminalHandler('attach', ports),
  '/pods/portforward': portForwardHandler(ports),
  '/pods/proxy': podProxyHandler(ports),
  '/services/proxy': serviceProxyHandler(ports),
  '/nodes/proxy': nodeProxyHandler(ports),
  '/serviceaccounts/token': tokenHandler(ports),
})
