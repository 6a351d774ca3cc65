// How long anything that a person does keeps the page from answering.

import type { Page } from '@playwright/test'
import { expect } from '../e2e/test'

/** How often each interaction is repeated. */
const REPEATS = 5
/** Milliseconds. */
const FRAME = 50

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

export function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

export class Meter {
  private readonly figures: { name: string; middle: number; most: number }[] = []

  private constructor(
    readonly page: Page,
    private readonly url: string,
  ) {}

  /** Every page that is opened from now on keeps the length of each task that blocked it. */
  static async on(page: Page, url: string): Promise<Meter> {
    await page.addInitScript(() => {
      const tasks: number[] = []
      Object.assign(window, { longTasks: tasks })
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) tasks.push(entry.duration)
      }).observe({ type: 'longtask' })
    })
    return new Meter(page, url)
  }

  /** Does something some times, and keeps the longest task of each; what leads there is not counted. */
  async measure(
    name: string,
    act: (i: number) => Promise<unknown>,
    before?: (i: number) => Promise<unknown>,
  ): Promise<void> {
    const values: number[] = []
    for (let i = 0; i < REPEATS; i++) {
      await before?.(i)
      await this.longest()
      await act(i)
      values.push(await this.longest())
    }
    say(`${name}: longest task ${values.map((value) => value.toFixed(0)).join(' ')} ms`)
    this.figures.push({ name, most: Math.max(...values), middle: median(values) })
  }

  /** Opens a page, as a reload does, and waits until it says something. */
  async open(address: string, says: string | RegExp): Promise<void> {
    await this.page.goto(`${this.url}${address}`)
    await expect(this.page.getByText(says, { exact: true }).first()).toBeVisible()
    await this.page.waitForTimeout(500)
  }

  async scroll(): Promise<void> {
    await this.page.mouse.move(700, 500)
    for (let i = 0; i < 30; i++) await this.page.mouse.wheel(0, 900)
  }

  /** Says what was measured, and fails when something usually blocks a frame. */
  finish(): void {
    const over = this.figures.filter(({ most }) => most > FRAME)
    const usual = this.figures.filter(({ middle }) => middle > FRAME)
    say(
      `\n${this.figures.length} interactions with 5,000 backends; the median of ${REPEATS} is over ${FRAME} ms at ${usual.length}, the worst at ${over.length}`,
    )
    for (const { name, middle, most } of over)
      say(`  ${name}: median ${middle.toFixed(0)} ms, worst ${most.toFixed(0)} ms`)
    expect(usual).toEqual([])
  }

  /** The longest task since the last time; 0 when none took 50 ms, which is the least that browsers tell. */
  private async longest(): Promise<number> {
    return this.page.evaluate(async () => {
      // Long enough for what an interaction leaves to be done after it.
      await new Promise((done) => setTimeout(done, 400))
      const tasks = (window as unknown as { longTasks: number[] }).longTasks
      return Math.max(0, ...tasks.splice(0))
    })
  }
}
