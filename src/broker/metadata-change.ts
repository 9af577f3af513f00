import { LogError } from '../log/index.ts'
import {
  type Committed,
  MetadataClosed,
  type MetadataImage,
  MetadataNotStored,
  type OperationError,
  type Proposal,
} from '../metadata/index.ts'
import { DiskError } from '../native/index.ts'
import { ErrorCode } from '../protocol/index.ts'
import type { BrokerServices } from './handler.ts'

export type ChangeOutcome<Result> = Committed<Result> | { readonly error: OperationError }

/**
 * Proposes a change and turns what a disk or a shutdown did to it into a wire
 * error. With `validateOnly` the proposal is built against the present image and
 * dropped.
 */
export async function changeMetadata<Result>(
  services: BrokerServices,
  validateOnly: boolean,
  build: (image: MetadataImage) => Proposal<Result>,
): Promise<ChangeOutcome<Result>> {
  const { metadata, logger } = services
  if (validateOnly) return { image: metadata.image, result: build(metadata.image).result }
  try {
    return await metadata.propose(build)
  } catch (error) {
    if (error instanceof MetadataClosed) return failed(ErrorCode.NOT_CONTROLLER, error)
    if (!(error instanceof MetadataNotStored || error instanceof LogError || error instanceof DiskError)) throw error
    logger.error({ error: error.message, code: error.code }, 'A change of the metadata failed')
    return failed(ErrorCode.KAFKA_STORAGE_ERROR, error)
  }
}

function failed(code: number, error: Error): { readonly error: OperationError } {
  return { error: { code, message: error.message } }
}
