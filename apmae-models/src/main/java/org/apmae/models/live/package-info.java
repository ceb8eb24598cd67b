/** Fitted parts in use: how likely a completion that is about to be generated is right, and generation that abstains. */
package org.apmae.models.live;
