import { act, renderHook } from '@testing-library/react'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { useAddressText } from './address-text'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function typing() {
  const put = vi.fn<(text: string) => void>()
  const hook = renderHook(({ address }) => useAddressText(address, put), { initialProps: { address: 'a' } })
  return {
    put,
    text: () => hook.result.current.text,
    type: (text: string) => act(() => hook.result.current.type(text)),
    leave: () => act(() => hook.result.current.input.onBlur()),
    wait: () => act(() => vi.advanceTimersByTime(400)),
    address: (address: string) => hook.rerender({ address }),
  }
}

it('goes into the address once, when the typing stops', () => {
  const { put, text, type, wait } = typing()
  expect(text()).toBe('a')
  type('ab')
  type('abc')
  expect(text()).toBe('abc')
  expect(put).not.toHaveBeenCalled()
  wait()
  expect(put.mock.calls).toEqual([['abc']])
})

it('goes there at once when the field is left', () => {
  const { put, type, leave, wait } = typing()
  leave()
  expect(put).not.toHaveBeenCalled()
  type('ab')
  leave()
  expect(put.mock.calls).toEqual([['ab']])
  wait()
  expect(put).toHaveBeenCalledOnce()
})

it('keeps what was typed while the address was on its way, and follows one that somebody else changed', () => {
  const { text, type, wait, address } = typing()
  type('ab')
  wait()
  type('abc')
  address('ab')
  expect(text()).toBe('abc')
  wait()
  address('abc')
  address('other')
  expect(text()).toBe('other')
})
