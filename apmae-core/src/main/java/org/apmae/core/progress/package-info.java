/** How long-running work tells what it has done; core itself never writes to a console. */
package org.apmae.core.progress;
