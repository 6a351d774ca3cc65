import { expect, it } from 'vitest'
import { serversOf } from './paste'

it('reads names and addresses, lines of haproxy.cfg, and says which line holds no server', () => {
  const { servers, bad } = serversOf(
    'web-1 10.0.0.1:80\n\n10.0.0.2:80\nserver web-1 [::1]:8080 check\nnonsense\nweb 5 10.0.0.3:80',
    new Set(['server-1']),
  )
  expect(servers.map(({ name, address, check }) => [name, address, check])).toEqual([
    ['web-1', '10.0.0.1:80', false],
    ['server-2', '10.0.0.2:80', false],
    ['web-1-2', '[::1]:8080', true],
  ])
  expect(bad).toEqual([
    { line: 5, text: 'nonsense' },
    { line: 6, text: 'web 5 10.0.0.3:80' },
  ])
})
