import { describe, expect, it } from 'vitest'
import { answersOf, join, split, withAnswer } from './answers'

const block = {
  errorFiles: { 503: '/etc/haproxy/errors/tpl/503.http', 404: '/srv/404.http' },
  errorPageContents: { 502: 'HTTP/1.0 502 Bad Gateway\r\n\r\n<p>down</p>' },
  lfFileContents: { 500: '<p>%ci</p>' },
}

describe('what is answered to errors', () => {
  it('tells the four sources apart', () => {
    const of = new Map(answersOf(block).map((answer) => [answer.code, answer.source]))
    expect([of.get('503'), of.get('404'), of.get('502'), of.get('500'), of.get('400')]).toEqual([
      'own',
      'file',
      'page',
      'template',
      'own',
    ])
  })

  it('changes one and clears what would stand in its way', () => {
    const page = withAnswer(block, { code: '404', source: 'page', text: 'x' }, true)
    expect(answersOf(page).find(({ code }) => code === '404')).toEqual({ code: '404', source: 'page', text: 'x' })
    const own = withAnswer(block, { code: '500', source: 'own', text: '' }, true)
    expect(own.lfFileContents).toEqual({})
    const set = withAnswer({ errorFiles: { 404: '/a' } }, { code: '404', source: 'own', text: '' }, false)
    expect(set).toEqual({ errorFiles: {} })
  })

  it('takes a response apart and puts it together', () => {
    const response = join('503', '', '<p>sorry</p>')
    expect(response.startsWith('HTTP/1.0 503 Service Unavailable\r\n')).toBe(true)
    const { header, body } = split(response)
    expect(body).toBe('<p>sorry</p>')
    expect(join('503', header.replaceAll('\r', ''), body)).toBe(response)
    expect(split('<p>no header</p>\n\nmore').body).toBe('<p>no header</p>\n\nmore')
  })
})
