/** What the API server's answers mean to a controller. */
import { isApiError } from '../../shared/kit/api-error.ts'

/** Nothing can be made there any more, because the namespace is on its way out: no failure of the controller. */
export const isNamespaceTerminating = (error: unknown): boolean => isApiError(error) && (error.status.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') ?? false)

/** For deletions and patches of what may be gone already. */
export function ignoreMissing(error: unknown): undefined {
  if (!isApiError(error, 'NotFound')) throw error
  return undefined
}

/** For creations of what somebody else may have made meanwhile, or in a namespace that is going. */
export function ignoreOvertaken(error: unknown): undefined {
  if (!isApiError(error, 'AlreadyExists') && !isApiError(error, 'NotFound') && !isNamespaceTerminating(error)) throw error
  return undefined
}
