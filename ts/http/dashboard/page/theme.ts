// Light, dark or the system's theme: three radio buttons; the style sheet does the rest.

const KEY = 'theme';

/** @param onChange - Called when the colours change, since a canvas must be drawn again. */
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
