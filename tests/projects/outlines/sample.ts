import type { Shape } from "./shapes";
export interface Drawn<T> extends Shape {
  draw(at: Point): void;
  size: number;
}
export enum Side { Left }
/** Either one. */
export type Both = Left | Right;
declare function native(a: number): void;
namespace Inner { export const q = 1; }
@Component({})
export class Panel<T> implements Drawn<T> {
  constructor(private at: Point) {}
  async move(): Promise<Place> { return this.at.to<Place>(1); }
}
abstract class Base { abstract run(): void; }
export function over(a: string): void;
export function over(a: any) {}
