// The median of a list of whole numbers, in linear time on average. (Hoare's selection)

/** @param values - At least one. Reordered. @returns The middle one, or the lower of the two. */
export function medianOf(values: Uint32Array): number {
  const middle = (values.length - 1) >>> 1;
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const pivot = values[(low + high) >>> 1]!;
    let left = low;
    let right = high;
    while (left <= right) {
      while (values[left]! < pivot) left++;
      while (values[right]! > pivot) right--;
      if (left > right) break;
      const value = values[left]!;
      values[left++] = values[right]!;
      values[right--] = value;
    }
    if (middle <= right) high = right;
    else if (middle >= left) low = left;
    else break;
  }
  return values[middle]!;
}
