// When a number asks for a look, and how sizes and durations are written. Pure.

export type Level = 'calm' | 'high' | 'critical'

/** Per cent of something that can be full. */
export function levelOf(percent: number): Level {
  return percent > 90 ? 'critical' : percent > 70 ? 'high' : 'calm'
}

/** The temperature of a GPU, in degrees Celsius. */
export function heatOf(degrees: number): Level {
  return degrees > 85 ? 'critical' : degrees > 70 ? 'high' : 'calm'
}

export const COLOURS = { calm: 'sea', high: 'yellow.6', critical: 'red.7' } as const satisfies Record<Level, string>

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** `12.4 GiB`. */
export function sizeOf(bytes: number, language: string): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1
  return `${value.toLocaleString(language, { maximumFractionDigits: digits })} ${UNITS[unit]}`
}

/** `12 %`, the part of a whole; nothing of nothing. */
export function percentOf(part: number, whole: number): number {
  return whole > 0 ? Math.min(100, Math.max(0, (part / whole) * 100)) : 0
}

/** The two largest units of a duration. */
export function spanOf(seconds: number): [unit: 'day' | 'hour' | 'minute', count: number][] {
  const all: [unit: 'day' | 'hour' | 'minute', count: number][] = [
    ['day', Math.floor(seconds / 86_400)],
    ['hour', Math.floor(seconds / 3_600) % 24],
    ['minute', Math.floor(seconds / 60) % 60],
  ]
  const first = all.findIndex(([, count]) => count > 0)
  return first < 0 ? [['minute', 0]] : all.slice(first, first + 2).filter(([, count]) => count > 0)
}
