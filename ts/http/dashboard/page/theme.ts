// Light, dark, or as the system has it: three radio buttons, and the style sheet does the rest.

const KEY = 'theme';

/** @param onChange - Called when colours are others: what is drawn on a canvas must be drawn again. */
export function startTheme(onChange: () => void): void {
  const radios = [...document.querySelectorAll<HTMLInputElement>('.theme input')];
  const kept = read();
  for (const radio of radios) {
    if (radio.value === kept) radio.checked = true;
    radio.addEventListener('change', () => {
      write(radio.value);
      onChange();
    });
  }
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', onChange);
}

function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function write(theme: string): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // A private window: it is not kept.
  }
}
