/*
 * The file that host and child share has two equal halves: one that the host writes and the child reads, one the other
 * way round. Each half is a page of words, and a slot for one piece of a frame:
 *
 *     0  SEQUENCE  number of the piece that is in the slot
 *     4  SEEN      number of the other side's last piece that was read
 *     8  ASLEEP    1: whoever writes this half waits for a byte on the doorbell
 *  4096  LENGTH    of the whole frame, in bytes
 *  4160  the slot
 *
 * Whoever waits looks at the first page again and again, so that one write there per piece is enough.
 *
 * A sequence number alone would not prove that a piece has arrived: one write may become visible in any order. So a piece
 * takes three writes: the slot, the length, and then the sequence number. POSIX (write(2), "after a write has returned")
 * promises that a read which is known to come later sees all of an earlier write. Only when every byte of the number that
 * differs from the last one is there does it equal the expected one; then its write has begun, the writes before it have
 * returned, and reads that begin now see them whole. What was read along with the number is not used.
 */
export const WORD = { SEQUENCE: 0, SEEN: 1, ASLEEP: 2 } as const;
export const LENGTH_AT = 4096;
export const SLOT_AT = LENGTH_AT + 64;
/** A frame of 64 KiB and its head go in one piece; larger ones in several. */
export const SLOT_BYTES = 131_072 - 64;
export const HALF_BYTES = SLOT_AT + SLOT_BYTES;
export const CHANNEL_BYTES = 2 * HALF_BYTES;
/** Of one frame, whatever the limit on messages says: lengths are unsigned 32-bit words. */
export const MAX_FRAME_BYTES = 1_073_741_824;
