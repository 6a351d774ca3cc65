import { examine, type Job } from './examine'

self.onmessage = ({ data }: MessageEvent<Job>) => self.postMessage(examine(data))
