// The only file that knows @jax-js/jax. Everything else writes plain formulas.
//
// jax-js moves its arguments: an array given to an operation is freed. The operations here borrow instead (they add a
// reference), so a formula may name a value as often as it likes. They are meant for code that `compile` traces, where a
// value is a symbol and costs nothing to keep; arrays that cross the border of compiled code are moved (see compile).
//
// Matrix products are fast (about 15 GMAC/s instead of 1) when the last dimension of every operand and result, also of the
// gradients, is a multiple of 4: pad inputs to that.

import { type Array as JaxArray, valueAndGrad as jaxValueAndGrad, jit, lax, nn, numpy as np } from "@jax-js/jax";

/** A float32 array of any shape, or a symbol for one while a function is compiled. */
export type Tensor = JaxArray;
type Operand = Tensor | number;

const borrow = <T extends Operand>(x: T): T => (typeof x === "number" ? x : ((x as Tensor).ref as T));

export const add = (a: Operand, b: Operand): Tensor => np.add(borrow(a), borrow(b));
export const subtract = (a: Operand, b: Operand): Tensor => np.subtract(borrow(a), borrow(b));
export const multiply = (a: Operand, b: Operand): Tensor => np.multiply(borrow(a), borrow(b));
export const divide = (a: Operand, b: Operand): Tensor => np.divide(borrow(a), borrow(b));
export const maximum = (a: Operand, b: Operand): Tensor => np.maximum(borrow(a), borrow(b));
export const absolute = (x: Tensor): Tensor => np.absolute(borrow(x));
export const sign = (x: Tensor): Tensor => np.sign(borrow(x));
export const sqrt = (x: Tensor): Tensor => np.sqrt(borrow(x));
export const log = (x: Tensor): Tensor => np.log(borrow(x));
/** Round half to even. */
export const round = (x: Tensor): Tensor => np.round(borrow(x));
/** 1 where a > b, else 0. */
export const greater = (a: Tensor, b: Operand): Tensor => np.where(np.greater(borrow(a), borrow(b)), 1, 0);
/** [M, K] times [K, N]. */
export const matmul = (a: Tensor, b: Tensor): Tensor => np.matmul(borrow(a), borrow(b));
/** Reductions keep the axis, with length 1. */
export const sumOver = (x: Tensor, axis: number): Tensor => np.sum(borrow(x), axis, { keepdims: true });
export const meanOver = (x: Tensor, axis: number): Tensor => np.mean(borrow(x), axis, { keepdims: true });
export const maxOver = (x: Tensor, axis: number): Tensor => np.max(borrow(x), axis, { keepdims: true });
/** Sum of all elements, a scalar. */
export const total = (x: Tensor): Tensor => np.sum(borrow(x));
/** Over the last axis. */
export const softmax = (x: Tensor): Tensor => nn.softmax(borrow(x));
export const logSoftmax = (x: Tensor): Tensor => nn.logSoftmax(borrow(x));

/** Value of `approximation`, gradient of `x`: the straight-through estimator (Bengio et al. 2013, arXiv 1308.3432). */
export const straightThrough = (x: Tensor, approximation: Tensor): Tensor => add(x, lax.stopGradient(subtract(approximation, x)));

/** Copies float32 data; the shape's product must equal its length. */
export function tensor(data: Float32Array, shape: number[]): Tensor {
  return np.array(data as Float32Array<ArrayBuffer>, { shape });
}

export function scalar(value: number): Tensor {
  return np.array(value);
}

/** Data of a tensor, which is freed. */
export async function read(x: Tensor): Promise<Float32Array> {
  return (await x.data()) as Float32Array;
}

/** Nested records and lists of tensors. */
export type Tree = Tensor | readonly Tree[] | { readonly [key: string]: Tree };

/**
 * Compiles a function of tensor trees. It is traced once per argument shape; calls free the arguments' tensors and hand
 * over the results'.
 */
export function compile<A extends Tree[], R extends Tree>(f: (...args: A) => R): (...args: A) => R {
  return jit(f as never) as unknown as (...args: A) => R;
}

/** f(x, ...rest) -> [loss, aside] becomes -> [loss, aside, gradient of loss by x]. */
export function valueAndGradient<X extends Tree, A extends Tree[], S extends Tree>(
  f: (x: X, ...rest: A) => [Tensor, S],
): (x: X, ...rest: A) => [Tensor, S, X] {
  const g = jaxValueAndGrad(f as never, { hasAux: true }) as unknown as (x: X, ...rest: A) => [[Tensor, S], X];
  return (x, ...rest) => {
    const [[loss, aside], gradient] = g(x, ...rest);
    return [loss, aside, gradient];
  };
}
