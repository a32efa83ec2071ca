import { parse } from 'yaml'

/** Any YAML. Apart from `plain-yaml.ts`, because loading this takes as long as all else that a command does. @throws Error with the place */
export const readWholeYaml = (text: string): unknown => parse(text) as unknown
