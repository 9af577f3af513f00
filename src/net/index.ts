export { Connection, type HeldFrame, type OrderedAnswer, type ParkedRequest } from './connection.ts'
export { Dispatched, type RequestRouter, RequestServer } from './request-server.ts'
export { type FileRegion, type OutputGap, ResponseSink } from './response-sink.ts'
