/** Line icons on a 16 x 16 grid. */

const PATHS = {
  lock: '<rect x="3" y="7" width="10" height="7" rx="1"/><path d="M5 7V5a3 3 0 0 1 6 0v2"/>',
  leave: '<path d="M1.5 8h8M6.500 5l3 3-3 3M13.500 2v2.500M13.500 6.800v2.500M13.500 11.500V14"/>',
  eye: '<path d="M1 8s2.600-4.500 7-4.500S15 8 15 8s-2.600 4.500-7 4.500S1 8 1 8z"/><circle cx="8" cy="8" r="2"/>',
  link: '<path d="M6.500 9.500l3-3M7 4.500l1.500-1.500a3 3 0 0 1 4.300 4.300L11.300 8.800"/>'
    + '<path d="M9 11.500l-1.500 1.500a3 3 0 0 1-4.300-4.300L4.700 7.200"/>',
  down: '<path d="M8 2v8M4.500 7L8 10.500 11.500 7M2.500 13.500h11"/>',
  play: '<path d="M4 2.500v11l9-5.500z" fill="currentColor"/>',
  pause: '<path d="M5 3v10M11 3v10" stroke-width="2.500"/>',
  stop: '<rect x="3.500" y="3.500" width="9" height="9" fill="currentColor"/>',
  first: '<path d="M3.500 3v10M13 3L6 8l7 5z" fill="currentColor"/>',
  last: '<path d="M12.500 3v10M3 3l7 5-7 5z" fill="currentColor"/>',
  arrow: '<path d="M1.500 8h12M9.500 4l4 4-4 4"/>',
  plus: '<path d="M8 3v10M3 8h10"/>',
  cross: '<path d="M4 4l8 8M12 4l-8 8"/>',
  hatch: '<path d="M1.500 11.500h13M3 10l3-5M7 10l3-5M11 10l3-5"/>',
  slanted: '<path d="M2 13L7 3M6.500 13l5-10M11 13l3-6"/>',
  left: '<path d="M9.500 4l-4 4 4 4"/>',
  right: '<path d="M6.500 4l4 4-4 4"/>',
  hold: '<circle cx="8" cy="8" r="2.200" fill="currentColor"/>'
    + '<circle cx="8" cy="8" r="5.500" stroke-dasharray="2.500 2"/>',
  theme: '<circle cx="8" cy="8" r="5.500"/><path d="M8 2.500a5.500 5.500 0 0 1 0 11z" fill="currentColor"/>',
  screen: '<rect x="2" y="3" width="12" height="8" rx="1"/><path d="M5.500 13.500h5"/>',
  share: '<path d="M8 9.500V2M5.500 4.300L8 2l2.500 2.300M4 7.500H3V14h10V7.500h-1"/>',
  check: '<path d="M3 8.500l3.500 3.500L13 4.500"/>',
  warn: '<path d="M8 2.200L14.500 13.500h-13zM8 6.500v3.500M8 11.800v.1"/>',
  gear: '<path d="M2 4.500h7M13 4.500h1M2 11.500h1M7 11.500h7"/><circle cx="11" cy="4.500" r="1.800"/>'
    + '<circle cx="5" cy="11.500" r="1.800"/>',
  book: '<path d="M8 4c-1.500-1.200-3.500-1.500-6-1.500v10c2.500 0 4.500.3 6 1.500 1.500-1.200 3.500-1.500 6-1.500v-10'
    + 'c-2.500 0-4.500.3-6 1.500zM8 4v10"/>',
};

/** @typedef {keyof typeof PATHS} IconName */

/** @param {IconName} name */
export const icon = name => `<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">${PATHS[name]}</svg>`;

/** Six marks that stay apart without colour, on a 12 x 12 grid. */
export const MARKS = [
  '<circle cx="6" cy="6" r="5"/>', '<rect x="1.5" y="1.5" width="9" height="9"/>', '<path d="M6 0l6 6-6 6-6-6z"/>',
  '<path d="M6 0.5l6 11H0z"/>', '<path d="M0 0.5h12l-6 11z"/>', '<path d="M4 0h4v4h4v4H8v4H4V8H0V4h4z"/>',
];
/** Their lines, apart without colour too. */
export const DASHES = ["", "7 4", "2 4", "10 3 2 3", "1 3", "12 5"];

/** @param {number} i */
export const mark = i => `<svg viewBox="0 0 12 12" aria-hidden="true">${MARKS[i % MARKS.length]}</svg>`;
