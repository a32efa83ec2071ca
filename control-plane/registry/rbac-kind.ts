import type { KubeObject } from '../../shared/model/meta.ts'
import type { KindDefinition } from './kind.ts'
import { defineKind, storedVerbs, unchanged, type TypedKind } from './typed-kind.ts'

type Own<T extends KubeObject> = Pick<TypedKind<T>, 'kind' | 'plural' | 'namespaced' | 'defaults' | 'validateCreate' | 'validateUpdate' | 'columns' | 'row'>

/** What roles and bindings have in common. */
export const defineRbacKind = <T extends KubeObject>(own: Own<T>): KindDefinition =>
  defineKind<T>({
    ...own,
    group: 'rbac.authorization.k8s.io',
    version: 'v1',
    singular: own.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    schema: `io.k8s.api.rbac.v1.${own.kind}`,
    verbs: storedVerbs,
    subresources: [],
    prepareForCreate: unchanged,
    prepareForUpdate: unchanged,
    nameRule: 'path-segment',
    allowCreateOnUpdate: true,
    allowUnconditionalUpdate: true,
    deleteAnswers: 'status',
    defaultPropagation: 'Background',
  })
