/** All that a page may ask for, kept. */
import * as systole from 'systole';
import * as inspect from 'systole/inspect';
import * as websocket from 'systole/websocket';
import * as clock from 'systole/worker-clock';

globalThis.everything = [systole, websocket, inspect, clock];
