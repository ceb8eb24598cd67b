package org.apmae.core.work;

class SerializingRunnerTest extends PieceRunnerContract {
    @Override
    protected PieceRunner runner() {
        return new SerializingRunner();
    }
}
