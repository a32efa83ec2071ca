import type { EnvVar, ObjectFieldSelector, ResourceFieldSelector } from '../../../shared/model/gen/api.ts'
import { fillAbsent, fillZero, mapMember } from './fill.ts'

export const defaultFieldRef = (ref: ObjectFieldSelector): ObjectFieldSelector => fillZero(ref, { apiVersion: 'v1' })
/** A divisor left out is the quantity 0, which means 1. */
export const defaultResourceFieldRef = (ref: ResourceFieldSelector): ResourceFieldSelector => fillZero(ref, { divisor: '0' })

export const defaultEnvVar = (variable: EnvVar): EnvVar =>
  mapMember(variable, 'valueFrom', (source) => {
    const field = mapMember(source, 'fieldRef', defaultFieldRef)
    const resource = mapMember(field, 'resourceFieldRef', defaultResourceFieldRef)
    return mapMember(resource, 'fileKeyRef', (ref) => fillAbsent(ref, { optional: false }))
  })
