export { type LiveView, type LiveViewNumbers, type LiveViewOptions, openLiveView } from './live-view.ts';
