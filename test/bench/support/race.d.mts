type Case = () => unknown;
export function race(
  cases: Record<string, Case>,
  options: { rounds?: number; calls: number; warmUp?: number },
): Promise<Record<string, number[]>>;
export function median(values: number[]): number;
export function ratio(ours: number[], theirs: number[]): { value: number; spread: [number, number] };
