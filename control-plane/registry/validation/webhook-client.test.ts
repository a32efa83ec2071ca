import { expect, test } from 'vitest'
import { fieldErrorText } from '../../../shared/model/field-error.ts'
import { validateWebhookUrl } from './webhook-client.ts'

test.each([
  ['https://host:port/', 'invalid port ":port" after host'],
  ['https://[::1]x', 'invalid port "x" after host'],
  ['https://[::1/', "missing ']' in host"],
  ['https://ho st/', 'invalid character " " in host name'],
  ['127.0.0.1:443/x', 'first path segment in URL cannot contain colon'],
  [':443/x', 'missing protocol scheme'],
  ['https://h/%zz', 'invalid URL escape "%zz"'],
])('%s is no URL', (url, problem) => {
  expect(validateWebhookUrl(url, 'url').map(fieldErrorText)).toEqual([`url: Required value: url must be a valid URL: parse "${url}": ${problem}; desired format: https://host[/path]`])
})

test.each(['https://h', 'https://h:', 'https://[::1]:443/x', 'https://h:443/a:b'])('%s is one', (url) => {
  expect(validateWebhookUrl(url, 'url')).toEqual([])
})
