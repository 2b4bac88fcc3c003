declare module 'virtual:own-layout' {
  export const definition: import('../entry.ts').Definition;
  export const layout: import('./chart/shapes.ts').Layout;
}
declare module '*.css';
