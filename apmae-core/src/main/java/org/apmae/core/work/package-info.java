/**
 * Work cut into pieces: a pure function over a list of pieces, computed on the threads of this process or on other machines,
 * with results in the order of the pieces, so that where and how fast they were computed leaves no trace.
 */
package org.apmae.core.work;
