import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { curlOf, operationsOf } from './operations'

const operations = operationsOf(JSON.parse(readFileSync('openapi.json', 'utf8')))

it('finds every operation of the API with what a reader needs', () => {
  expect(operations.length).toBeGreaterThan(50)
  const patch = operations.find((operation) => operation.id === 'patch_state')
  expect(patch).toMatchObject({ method: 'PATCH', path: '/api/state', tag: 'State' })
  expect(patch?.bodies[0]).toEqual({ type: 'application/json-patch+json', schema: 'PatchOperation[]' })
  expect(patch?.parameters.map((parameter) => parameter.name)).toContain('If-Match')
  expect(patch?.answers.map((answer) => answer.status)).toContain('412')
  for (const operation of operations) expect(operation.summary, operation.id).not.toBe('')
})

it('writes a command line', () => {
  const get = operations.find((operation) => operation.id === 'get_state')
  expect(get && curlOf(get, 'https://host:8099')).toBe(
    'curl -fsS \\\n  -H "Authorization: Bearer $PLENUM_TOKEN" \\\n  \'https://host:8099/api/state\'',
  )
})
